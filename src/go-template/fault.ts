/** What can be wrong with a template; the same words as in diagnostics. */
export type TemplateFaultCode = 'template-syntax' | 'template-value' | 'template-limit';

/** What may be known about a fault beside its message. */
export interface TemplateFaultDetails {
  /** The byte of the template that it is about; whoever catches the fault may know it better. */
  readonly offset?: number;
  readonly hint?: string;
  /** The value that is missing, as `.a.b`. */
  readonly path?: string;
}

/** Ends the compilation or execution of a template. The message quotes the template, never a value. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault';
  readonly code: TemplateFaultCode;
  readonly offset: number | undefined;
  readonly hint: string | undefined;
  readonly path: string | undefined;

  constructor(code: TemplateFaultCode, message: string, { offset, hint, path }: TemplateFaultDetails = {}) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.hint = hint;
    this.path = path;
  }
}
