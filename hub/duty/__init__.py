"""Who is on duty (值班): the calendar of workdays, rotas, and who is at the desk."""
