import type { Socket } from "node:net";
import type { Pieces } from "./body.ts";
import { BodySender, type SenderOwner } from "./body-sender.ts";
import type { MeasuredExchange } from "./measured-exchange.ts";

/**
 * The exchange that runs on a connection, and the phase it is in. One per connection, used again and again.
 *
 *     (dialling) --> sending --> waiting --> receiving
 */
export class RunningExchange {
  /** null: none runs. */
  exchange: MeasuredExchange | null = null;
  /** When the phase under way began. */
  phaseAt = 0;
  sent = false;
  /** The request is not handed to the kernel as a whole yet. */
  writing = false;
  answering = false;
  /** null: the request is one buffer, or all of it is sent. */
  sender: BodySender | null = null;

  /** The request was given to the socket from `now` to `written`; `whole`: the kernel has all of it. */
  wrote(exchange: MeasuredExchange, now: number, written: number, whole: boolean): void {
    this.sent = true;
    this.answering = false;
    this.writing = !whole;
    exchange.counted = true;
    if (whole) {
      exchange.sending = written - now;
      this.phaseAt = written;
    } else {
      this.phaseAt = now;
    }
  }

  sendRest(rest: Pieces, socket: Socket, owner: SenderOwner): void {
    this.sender = new BodySender(rest, socket, owner);
    this.sender.start();
  }

  /** The kernel has the rest of the request. */
  drained(exchange: MeasuredExchange, now: number): void {
    exchange.sending = now - this.phaseAt;
    this.phaseAt = now;
  }

  /** The first byte of the answer. */
  answered(exchange: MeasuredExchange, now: number): void {
    this.answering = true;
    if (this.writing) exchange.sending = now - this.phaseAt;
    else exchange.waiting = now - this.phaseAt;
    this.phaseAt = now;
  }

  /** Gives the time since the phase began to that phase. */
  closePhase(exchange: MeasuredExchange, now: number): void {
    if (!this.sent) return;
    const time = now - this.phaseAt;
    if (this.answering) exchange.receiving = time;
    else if (this.writing) exchange.sending = time;
    else exchange.waiting = time;
  }

  release(): void {
    this.sender?.stop();
    this.sender = null;
    this.sent = false;
    this.exchange = null;
  }
}
