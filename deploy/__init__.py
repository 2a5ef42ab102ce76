"""What runs DevSPM: configuration files that are shipped with the package."""
