"""What the pages of computing show besides the particulars."""
