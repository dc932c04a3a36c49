"""What no model may be: pickles, archives, programs. One module per kind."""
