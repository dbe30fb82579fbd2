DROP TABLE audit.command;
