"""What each `nianbao` command does; :mod:`flows.cli` only names them and their options."""
