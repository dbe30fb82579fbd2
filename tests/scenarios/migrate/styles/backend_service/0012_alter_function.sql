alter function storage.foldername(text) stable parallel safe cost 5;
alter function public.handle_new_user() rename to on_new_user;
alter table storage.objects alter column id drop default;
