"""How long things take and how much they need: `python -m bench`, in `make bench`."""
