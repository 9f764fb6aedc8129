"""The AI system, its frozen versions and its dossier: every event of the lane in order."""
