"""What every room may use: errors, canonical bytes, strict readers, files, time."""
