"""Training and measuring agents. Painting itself imports nothing from here."""
