<?php
// SPDX-License-Identifier: MIT

namespace App\Jobs;

use App\Models\PushToken;
use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Foundation\Bus\Dispatchable;
use Illuminate\Queue\InteractsWithQueue;
use Illuminate\Queue\SerializesModels;

/** Something for one phone about one call. A phone that was deleted meanwhile needs nothing. */
abstract class PhoneJob implements ShouldQueue
{
    use Dispatchable, InteractsWithQueue, Queueable, SerializesModels;

    public int $tries = 3;

    public int $backoff = 1;

    public bool $deleteWhenMissingModels = true;

    /**
     * @param array $record the webhook's data
     * @param int $ringsUntil by our own clock, Unix time in milliseconds
     */
    public function __construct(public PushToken $phone, public array $record, public int $ringsUntil)
    {
    }

    protected function leftMs(): int
    {
        return $this->ringsUntil - (int) now()->getPreciseTimestamp(3);
    }
}
