//! Policy documents: parsing, canonical form, minified text, size. Pure.
