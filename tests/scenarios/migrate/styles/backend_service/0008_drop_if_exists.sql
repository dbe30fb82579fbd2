drop policy if exists "nobody" on public.profiles;
drop trigger if exists nothing on public.profiles;
drop function if exists public.gone(int, text);
