<?php

/*
 * /                        {"version", "pod", "visits", "hits"}: visits of this session, kept in a file; hits, in Redis
 * /api/orders              GET {"version", "pod", "rows"}; POST {"title"} adds an order and a mail about it, 201
 * /settings                what PHP took from the environment
 * /uploads/attachments/X   POST keeps the body there; nginx gives it back
 */

require __DIR__ . '/../database.php';

function answer(int $status, array $body): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode($body), "\n";
    exit;
}

function hits(): int
{
    $redis = new Redis();
    $redis->connect(getenv('REDIS_HOST'), (int) getenv('REDIS_PORT'), 1.0);
    if (getenv('REDIS_PASSWORD')) {
        $redis->auth(getenv('REDIS_PASSWORD'));
    }
    return $redis->incr('kairoflow:hits');
}

function add_order(PDO $db, string $title): array
{
    $order = $db->prepare('INSERT INTO orders (title) VALUES (?) RETURNING *');
    $order->execute([$title]);
    $db->prepare("INSERT INTO mail (recipient) VALUES ('customer of ' || ?)")->execute([$title]);
    return $order->fetch(PDO::FETCH_ASSOC);
}

function upload(string $name): never
{
    file_put_contents(__DIR__ . "/uploads/attachments/$name", file_get_contents('php://input'));
    answer(201, ['name' => $name]);
}

$me = ['version' => getenv('APP_VERSION'), 'pod' => getenv('HOSTNAME')];
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$post = $_SERVER['REQUEST_METHOD'] === 'POST';
try {
    if ($path === '/') {
        session_start();
        $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
        answer(200, $me + ['visits' => $_SESSION['visits'], 'hits' => hits()]);
    } elseif ($path === '/api/orders' && $post) {
        answer(201, add_order(database(), json_decode(file_get_contents('php://input'))->title));
    } elseif ($path === '/api/orders') {
        answer(200, $me + ['rows' => database()->query('SELECT * FROM orders ORDER BY id')->fetchAll(PDO::FETCH_ASSOC)]);
    } elseif ($path === '/settings') {
        $limits = ['memory_limit', 'max_execution_time', 'post_max_size', 'upload_max_filesize'];
        $names = ['NETTE_ENV', 'NETTE_DEBUG', 'MINIO_ENDPOINT', 'MINIO_USE_SSL'];
        answer(200, array_combine($limits, array_map('ini_get', $limits)) + array_combine($names, array_map('getenv', $names)));
    } elseif ($post && preg_match('~^/uploads/attachments/([\w-]+\.txt)$~', $path, $found)) {
        upload($found[1]);
    }
    answer(404, ['error' => 'not found']);
} catch (PDOException | RedisException $error) {
    answer(503, $me + ['error' => get_class($error)]);
}
