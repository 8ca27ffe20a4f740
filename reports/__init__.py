"""What people read; every number is computed from the stored rows."""
