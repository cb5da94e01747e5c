"""The server: its process, who is let in, and what it sends beside the pages."""
