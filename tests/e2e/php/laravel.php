<?php
// As much of Laravel as a route of docs/tokens.md needs, to run it alone:
//   php laravel.php SNIPPET USER_ID USER_NAME SECRET STORAGE
// prints what the route returns, as JSON.

namespace Illuminate\Http {
    class Request
    {
        public function __construct(private object $user)
        {
        }

        public function user(): object
        {
            return $this->user;
        }
    }
}

namespace Illuminate\Support\Facades {
    class Route
    {
        public static $action;

        public static function middleware(string $guard): self
        {
            return new self;
        }

        public function post(string $path, \Closure $action): void
        {
            self::$action = $action;
        }
    }
}

namespace {
    use Illuminate\Http\Request;
    use Illuminate\Support\Facades\Route;

    [, $snippet, $id, $name, $secret, $storage] = $argv;

    function config(string $key): string
    {
        global $secret;
        return ['services.calls.secret' => $secret][$key];
    }

    function storage_path(string $file): string
    {
        global $storage;
        return "$storage/$file";
    }

    class User
    {
        public function __construct(private int $id, public string $name)
        {
        }

        public function getKey(): int
        {
            return $this->id;
        }
    }

    require $snippet;
    echo json_encode((Route::$action)(new Request(new User((int) $id, $name))), JSON_THROW_ON_ERROR);
}
