;;; ;
INSERT INTO t VALUES (9, ';');;
;
