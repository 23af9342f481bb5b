<?php
// SPDX-License-Identifier: MIT

namespace App\Jobs;

use App\Models\Call;
use App\Models\Push;
use App\Push\CallMessage;
use App\Push\FcmClient;

/** Pushes a call that rings to one phone, once. */
class WakePhone extends PhoneJob
{
    public function handle(FcmClient $fcm): void
    {
        $push = Push::for($this->record, $this->phone);
        if ($push->sent_at !== null || $this->leftMs() <= 0 || Call::ringsNoMore($this->record)) {
            return;
        }
        if (! $fcm->send(CallMessage::wake($this->phone->token, $this->record, $this->leftMs()))) {
            $this->phone->forget();

            return;
        }
        $push->update(['sent_at' => now()]);
        // It ended while we sent: the order to stop has found nothing to stop.
        if (Call::ringsNoMore($this->record)) {
            StopPhone::dispatch($this->phone, $this->record, $this->ringsUntil)->onQueue($this->queue);
        }
    }
}
