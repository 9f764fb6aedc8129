"""Who acts: organisations, people, dated role grants, operator sessions."""
