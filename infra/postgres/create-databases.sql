-- A database of its own for each service.
CREATE DATABASE tickets;
CREATE DATABASE orders;
