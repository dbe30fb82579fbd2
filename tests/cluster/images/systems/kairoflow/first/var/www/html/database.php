<?php

function database(): PDO
{
    $dsn = sprintf(
        'pgsql:host=%s;port=%s;dbname=%s;connect_timeout=2',
        getenv('DATABASE_HOST'),
        getenv('DATABASE_PORT'),
        getenv('DATABASE_NAME')
    );
    return new PDO($dsn, getenv('DATABASE_USER'), getenv('DATABASE_PASSWORD'), [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}
