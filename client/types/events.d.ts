/** The events of one direction, and the functions that take their arguments. */
export interface EventsMap {
  [event: string]: any;
}

/** Any event with any arguments: what a socket has that is given no types. */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void;
}

export type EventNames<Map extends EventsMap> = keyof Map & string;
export type EventParams<Map extends EventsMap, Event extends EventNames<Map>> = Parameters<Map[Event]>;

type Listener<Reserved extends EventsMap, Listen extends EventsMap, Event extends string> =
  Event extends keyof Reserved ? Reserved[Event] : Event extends keyof Listen ? Listen[Event] : never;

type Known<Reserved extends EventsMap, Listen extends EventsMap> = (keyof Reserved | keyof Listen) & string;

/** Listeners by event name. */
export class Emitter<Listen extends EventsMap = DefaultEventsMap, Reserved extends EventsMap = {}> {
  on<Event extends Known<Reserved, Listen>>(event: Event, listener: Listener<Reserved, Listen, Event>): this;
  once<Event extends Known<Reserved, Listen>>(event: Event, listener: Listener<Reserved, Listen, Event>): this;
  /** Removes a listener, or all of an event, or all. */
  off<Event extends Known<Reserved, Listen>>(event?: Event, listener?: Listener<Reserved, Listen, Event>): this;
  addEventListener: this["on"];
  addListener: this["on"];
  removeListener: this["off"];
  removeEventListener: this["off"];
  removeAllListeners: this["off"];
  listeners<Event extends Known<Reserved, Listen>>(event: Event): Listener<Reserved, Listen, Event>[];
  hasListeners<Event extends Known<Reserved, Listen>>(event: Event): boolean;
}

type AllButLast<Args extends any[]> = Args extends [...infer Rest, any] ? Rest : any[];
type Last<Args extends any[]> = Args extends [...any, infer End] ? End : any;
type FirstArgument<Callback> = Callback extends (arg: infer Arg, ...rest: any[]) => any ? Arg : any;

/** The arguments of an event without its acknowledgement, and what that gives. */
export type ArgsBeforeAck<Map extends EventsMap, Event extends EventNames<Map>> = AllButLast<EventParams<Map, Event>>;
export type AckOf<Map extends EventsMap, Event extends EventNames<Map>> = FirstArgument<Last<EventParams<Map, Event>>>;

type ErrorFirst<Args extends any[]> = {
  [Index in keyof Args]: Args[Index] extends (...params: infer Params) => infer Result
    ? (error: Error | null, ...params: Params) => Result
    : Args[Index];
};

/** The events with acknowledgements that also take an error: those after `timeout()`. */
export type WithAckErrors<Map extends EventsMap> = {
  [Event in keyof Map]: Map[Event] extends (...args: infer Args) => infer Result
    ? (...args: ErrorFirst<Args>) => Result
    : Map[Event];
};
