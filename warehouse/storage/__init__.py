"""What a file asks for: one writer, one transaction, a copy in one step, and what must outlive a power failure."""
