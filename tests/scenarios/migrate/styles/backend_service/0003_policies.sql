create table public.profiles (id uuid references auth.users on delete cascade not null primary key, username text unique, website text, constraint username_length check (char_length(username) >= 3));
alter table public.profiles enable row level security;
create policy "Public profiles are viewable by everyone." on public.profiles for select using (true);
create policy "Users can update; own profile." on public.profiles for update using (auth.uid() = id) with check (auth.uid() = id);
