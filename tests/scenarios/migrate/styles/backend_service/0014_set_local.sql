set local statement_timeout = '30s';
set local search_path = storage, public;
create table in_storage (id int);
reset search_path;
