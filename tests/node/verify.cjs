// What the npm package standardwebhooks makes of messages: [{secret, headers, body}] in, [error or null] out.

const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

const asked = JSON.parse(readFileSync(0, "utf8"));
const found = asked.map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return null;
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(found));
