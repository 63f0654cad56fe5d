"""Training and measuring painters against the real engine. Painting itself imports nothing from here."""
