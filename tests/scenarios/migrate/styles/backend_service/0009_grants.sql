revoke all on public.profiles from public;
grant select (id, username) on public.profiles to public;
alter default privileges in schema public grant execute on functions to public;
