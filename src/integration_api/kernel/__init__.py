"""What every noun stands on; knows no noun itself."""
