CREATE RULE ledger_is_final AS ON DELETE TO ledger DO INSTEAD NOTHING;
CREATE RULE ledger_log AS ON UPDATE TO ledger WHERE NEW.debit IS DISTINCT FROM OLD.debit DO ALSO (
    INSERT INTO ledger (account, debit) VALUES ('correction; ' || OLD.account, NEW.debit - OLD.debit);
    UPDATE customer SET balance = balance + 0 WHERE id = 1
);
