-- one;
--two;
/**/ /***/ /* -- */
INSERT INTO t VALUES (12, '/*'); /* */ INSERT INTO t VALUES (13, '*/');
