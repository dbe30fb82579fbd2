select 1 /* one */ + /* two /* nested; */ still */ 1; -- three;
select 2 -- ;
  + 2;
select '--', '/*', $$--$$, E'\'--';
