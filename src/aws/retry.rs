//! What is worth a retry: ConcurrentModificationException is, a CreateAccount without an answer is not.
