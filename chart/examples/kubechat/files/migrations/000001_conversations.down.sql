DROP TABLE message;
DROP TABLE conversation;
