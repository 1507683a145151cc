"""Pictures of choices and money. matplotlib draws them; it is imported when a picture is asked for."""
