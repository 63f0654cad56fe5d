"""Files: pictures, films, documents, weights, and the writers of paintings by their endings."""
