CREATE COLLATION app.de (provider = icu, locale = 'de-u-co-phonebk');
CREATE INDEX account_de ON app.account (note COLLATE app.de);
