	INSERT	INTO	t	VALUES	(5,	'tab	here');
INSERT INTO t VALUES (6, 'v');
