"""What people look at, rendered from manifests: cards, pictures, previews and the fleet page."""
