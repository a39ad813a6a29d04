"""The published contract, built from the application by named passes."""
