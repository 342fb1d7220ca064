//! The embedded AWS: world, protocols, one file per service, weather.
