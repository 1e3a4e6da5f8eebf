"""A crawl or a watch as plain functions and Prefect tasks: the run, its web client, its pace, its turn at a host."""
