<?php
// SPDX-License-Identifier: MIT

// A Laravel of Debian (8.83) around the example, for its tests. In an app of your own, this is what bootstrap/app.php
// and config/ do. What is named here is what differs from a usual app: where it writes, and who is logged in.

use Illuminate\Auth\GenericUser;
use Illuminate\Config\Repository;
use Illuminate\Contracts\Console\Kernel as ConsoleKernelContract;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as HttpKernelContract;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Bootstrap;
use Illuminate\Foundation\Console\Kernel as ConsoleKernel;
use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Foundation\Http\Kernel as HttpKernel;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;
use Illuminate\Support\ServiceProvider;

require_once 'Illuminate/autoload.php';
require_once 'GuzzleHttp/autoload.php';
spl_autoload_register(function (string $class) {
    foreach (['App\\' => 'app', 'Tests\\' => 'tests'] as $prefix => $folder) {
        $file = dirname(__DIR__)."/$folder/".strtr(substr($class, strlen($prefix)), '\\', '/').'.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require_once $file;
        }
    }
});

$base = dirname(__DIR__);
$work = getenv('EXAMPLE_FOLDER') ?: sys_get_temp_dir().'/call-laravel-'.getmypid();
if (! getenv('EXAMPLE_FOLDER') && ! is_dir($work)) {
    register_shutdown_function(fn () => (new Illuminate\Filesystem\Filesystem)->deleteDirectory($work));
}
foreach (['', '/framework', '/framework/cache', '/framework/views', '/logs'] as $folder) {
    is_dir($work.$folder) || mkdir($work.$folder, 0700, true);
}
// Laravel reads both of these for its own files.
$_SERVER['APP_SERVICES_CACHE'] = $_ENV['APP_SERVICES_CACHE'] = "$work/services.php";
$_SERVER['APP_PACKAGES_CACHE'] = $_ENV['APP_PACKAGES_CACHE'] = "$work/packages.php";

$bootstrappers = [
    Bootstrap\HandleExceptions::class,
    Bootstrap\RegisterFacades::class,
    Bootstrap\RegisterProviders::class,
    Bootstrap\BootProviders::class,
];

$app = new Application($base);
$app->useStoragePath($work);
$app->instance('env', getenv('APP_ENV') ?: 'testing');
$app->instance('config', new Repository([
    'app' => [
        'name' => 'example', 'url' => 'http://localhost', 'env' => 'testing', 'debug' => (bool) getenv('APP_DEBUG'), 'key' => str_repeat('k', 32),
        'cipher' => 'AES-256-CBC', 'timezone' => 'UTC', 'locale' => 'en', 'fallback_locale' => 'en', 'aliases' => [],
        'providers' => [
            Illuminate\Auth\AuthServiceProvider::class,
            Illuminate\Bus\BusServiceProvider::class,
            Illuminate\Cache\CacheServiceProvider::class,
            Illuminate\Database\DatabaseServiceProvider::class,
            Illuminate\Encryption\EncryptionServiceProvider::class,
            Illuminate\Filesystem\FilesystemServiceProvider::class,
            Illuminate\Foundation\Providers\ConsoleSupportServiceProvider::class,
            Illuminate\Foundation\Providers\FoundationServiceProvider::class,
            Illuminate\Pagination\PaginationServiceProvider::class,
            Illuminate\Queue\QueueServiceProvider::class,
            Illuminate\Translation\TranslationServiceProvider::class,
            Illuminate\Validation\ValidationServiceProvider::class,
            Illuminate\View\ViewServiceProvider::class,
            ...require "$base/bootstrap/providers.php",
        ],
    ],
    'auth' => [
        'defaults' => ['guard' => 'sanctum'],
        'guards' => ['sanctum' => ['driver' => 'example-tokens']],
    ],
    'cache' => ['default' => 'array', 'stores' => ['array' => ['driver' => 'array']], 'prefix' => ''],
    'call' => require "$base/config/call.php",
    'database' => [
        'default' => 'example',
        'connections' => ['example' => [
            'driver' => 'sqlite', 'database' => getenv('EXAMPLE_DATABASE') ?: ':memory:', 'prefix' => '',
        ]],
        'migrations' => 'migrations',
    ],
    'logging' => [
        'default' => 'file',
        'channels' => [
            'file' => ['driver' => 'single', 'path' => "$work/logs/laravel.log"],
            'deprecations' => ['driver' => 'monolog', 'handler' => Monolog\Handler\NullHandler::class],
        ],
    ],
    'queue' => ['default' => 'sync', 'connections' => ['sync' => ['driver' => 'sync']]],
    'view' => ['paths' => [], 'compiled' => "$work/framework/views"],
]));

$app->singleton(ExceptionHandler::class, Handler::class);
$app->singleton(HttpKernelContract::class, fn ($app) => new class($app, $app['router'], $bootstrappers) extends HttpKernel
{
    protected $middleware = [
        Illuminate\Foundation\Http\Middleware\ValidatePostSize::class,
        Illuminate\Foundation\Http\Middleware\TrimStrings::class,
        Illuminate\Foundation\Http\Middleware\ConvertEmptyStringsToNull::class,
    ];

    protected $middlewareGroups = ['api' => [Illuminate\Routing\Middleware\SubstituteBindings::class]];

    protected $routeMiddleware = ['auth' => Illuminate\Auth\Middleware\Authenticate::class];

    public function __construct($app, $router, array $bootstrappers)
    {
        $this->bootstrappers = $bootstrappers;
        parent::__construct($app, $router);
    }
});
$app->singleton(ConsoleKernelContract::class, fn ($app) => new class($app, $app['events'], $bootstrappers) extends ConsoleKernel
{
    public function __construct($app, $events, array $bootstrappers)
    {
        array_splice($bootstrappers, 2, 0, [Bootstrap\SetRequestForConsole::class]);
        $this->bootstrappers = $bootstrappers;
        parent::__construct($app, $events);
    }
});

$app->register(new class($app) extends ServiceProvider
{
    public function boot(): void
    {
        // In place of Sanctum: the bearer token names the user.
        Auth::viaRequest('example-tokens', function (Request $request) {
            $token = (string) $request->bearerToken();

            return $token === '' ? null : new GenericUser(['id' => $token, 'name' => ucfirst($token)]);
        });
        // As bootstrap/app.php says it.
        Route::prefix('api')->middleware('api')->group($this->app->basePath('routes/api.php'));
    }
});

return $app;
