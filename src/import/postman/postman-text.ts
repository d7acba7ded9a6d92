import type { Draft } from "../draft.ts";
import { escapeTemplate } from "../template-text.ts";

/** Postman's made-up values and what makes them here. */
const dynamic: Readonly<Record<string, string>> = {
  guid: "uuid()",
  randomUUID: "uuid()",
  timestamp: "int(now() / 1000)",
  isoTimestamp: "date()",
  randomInt: "random_int(0, 1000)",
  randomAlphaNumeric: "random_text(1)",
  randomBoolean: "pick([true, false])",
  randomFirstName: "faker.first_name()",
  randomLastName: "faker.last_name()",
  randomFullName: "faker.name()",
  randomUserName: "faker.username()",
  randomPassword: "faker.password()",
  randomEmail: "faker.email()",
  randomPhoneNumber: "faker.phone()",
  randomCity: "faker.city()",
  randomCountry: "faker.country()",
  randomStreetName: "faker.street()",
  randomStreetAddress: "faker.street()",
  randomCompanyName: "faker.company()",
  randomJobTitle: "faker.job()",
  randomUrl: "faker.url()",
  randomIP: "faker.ip()",
  randomWord: "faker.word()",
  randomLoremSentence: "faker.sentence()",
  randomLoremParagraph: "faker.paragraph()",
  randomProductName: "faker.product()",
  randomPrice: "faker.price()",
  randomColor: "faker.color()",
  randomUserAgent: "faker.user_agent()",
};

/** Turns `{{name}}` into `${name}`; a variable that the source does not set is noted as used. */
export function createPostmanText(draft: Draft): (text: string) => string {
  return (text) =>
    text
      .split(/(\{\{[^{}]{1,200}\}\})/)
      .map((part, at) => {
        if (at % 2 === 0) return escapeTemplate(part);
        const name = part.slice(2, -2).trim();
        const made = name.startsWith("$") && Object.hasOwn(dynamic, name.slice(1)) ? dynamic[name.slice(1)] : undefined;
        return `\${${made ?? draft.use(name)}}`;
      })
      .join("");
}
