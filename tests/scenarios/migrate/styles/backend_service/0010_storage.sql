create schema storage;
create table storage.buckets (id text not null, name text not null, owner uuid, primary key (id));
create unique index bname on storage.buckets using btree (name);
create table storage.objects (id uuid not null default '00000000-0000-0000-0000-000000000000', bucket_id text references storage.buckets, name text, path_tokens text[] generated always as (string_to_array(name, '/')) stored);
create index name_prefix_search on storage.objects (name text_pattern_ops);
