UPDATE channels SET type = 'X' WHERE id = 'c7';
