"""The faces of casework over HTTP: accounts, console (staff), portal (merchants), api."""
