<?php
// Tokens of the form that two Laravel packages give them, made by hand:
//   php packages.php tymon SNIPPET USER_ID USER_NAME SECRET      the snippet is a method of the user's model
//   php packages.php passport USER_ID CLIENT_ID PRIVATE_KEY_FILE
// prints the token.

function encode(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

function text(array $header, array $claims): string
{
    return encode(json_encode($header)) . '.' . encode(json_encode($claims));
}

// An integer as sub, no kid, no aud, and a hash of the model's name.
function tymon(string $snippet, string $id, string $name, string $secret): string
{
    eval("class User { public \$name; $snippet }");
    $user = new User;
    $user->name = $name;
    $claims = [
        'iss' => 'http://localhost/api/login',
        'iat' => time(),
        'exp' => time() + 3600,
        'nbf' => time(),
        'jti' => 'Kx3tGmT1mO0Zz2xV',
        'sub' => (int) $id,
        'prv' => md5('App\Models\User'),
    ];
    $text = text(['typ' => 'JWT', 'alg' => 'HS256'], array_merge($claims, $user->getJWTCustomClaims()));
    return $text . '.' . encode(hash_hmac('sha256', $text, $secret, true));
}

// Times with microseconds, a string as sub, the client as aud, and the jti in the header too.
function passport(string $id, string $client, string $file): string
{
    $now = round(microtime(true), 6);
    $jti = bin2hex(random_bytes(40));
    $claims = [
        'aud' => $client,
        'jti' => $jti,
        'iat' => $now,
        'nbf' => $now,
        'exp' => $now + 31536000,
        'sub' => $id,
        'scopes' => [],
    ];
    $text = text(['typ' => 'JWT', 'alg' => 'RS256', 'jti' => $jti], $claims);
    openssl_sign($text, $signature, file_get_contents($file), OPENSSL_ALGO_SHA256);
    return $text . '.' . encode($signature);
}

echo $argv[1](...array_slice($argv, 2));
