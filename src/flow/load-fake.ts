import type { Faker } from "@faker-js/faker";
import type { FakeName } from "../expression/fake-names.ts";
import { findTexts } from "./find-texts.ts";
import type { Random } from "../protocol/ports.ts";
import type { Workflow } from "../protocol/workflow.ts";

/** Makes up a text. */
export type Fake = (name: FakeName) => string;

const mention = /\bfaker\s*\./;

/** The library of made-up values, loaded only where a text of the workflow may ask for it; undefined: none does. */
export async function loadFake(workflow: Workflow, random: Random): Promise<Fake | undefined> {
  if (!findTexts(workflow).some((text) => mention.test(text))) return undefined;
  // One locale alone: the package's own entry loads all of them.
  const { faker: made } = (await import(`@faker-js/faker/locale/${workflow.locale}`)) as { readonly faker: Faker };
  // Its draws are those of the language: a seed decides them too.
  const Made = made.constructor as typeof Faker;
  const faker = new Made({ locale: made.rawDefinitions, randomizer: { next: random, seed: () => undefined } });
  const table: Readonly<Record<FakeName, () => string>> = {
    name: () => faker.person.fullName(),
    first_name: () => faker.person.firstName(),
    last_name: () => faker.person.lastName(),
    username: () => faker.internet.username(),
    password: () => faker.internet.password(),
    email: () => faker.internet.email(),
    phone: () => faker.phone.number(),
    company: () => faker.company.name(),
    job: () => faker.person.jobTitle(),
    street: () => faker.location.streetAddress(),
    city: () => faker.location.city(),
    state: () => faker.location.state(),
    zip: () => faker.location.zipCode(),
    country: () => faker.location.country(),
    url: () => faker.internet.url(),
    ip: () => faker.internet.ipv4(),
    user_agent: () => faker.internet.userAgent(),
    word: () => faker.lorem.word(),
    sentence: () => faker.lorem.sentence(),
    paragraph: () => faker.lorem.paragraph(),
    product: () => faker.commerce.productName(),
    price: () => faker.commerce.price(),
    color: () => faker.color.human(),
    iban: () => faker.finance.iban(),
    card: () => faker.finance.creditCardNumber(),
  };
  return (name) => table[name]();
}
