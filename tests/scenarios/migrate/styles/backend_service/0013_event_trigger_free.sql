do $$ begin
  if exists (select from pg_roles where rolname = 'role that nobody has; ever') then
    grant usage on schema auth to "role that nobody has; ever";
  end if;
end $$;
