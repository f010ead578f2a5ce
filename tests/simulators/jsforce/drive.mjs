// Drives the practice org with an unmodified jsforce and prints what it saw as one line of JSON.
// Usage: node drive.mjs <org address> <username>
import jsforce from "jsforce";

const [address, username] = process.argv.slice(2);
const seen = {};
const version = "67.0";

// Sign in, three ways.
const soap = new jsforce.Connection({ loginUrl: address, version: "64.0" });
const soapUser = await soap.login(username, "practicepractice");
seen.soapOrganization = soapUser.organizationId;

const grown = new jsforce.Connection({
  oauth2: { clientId: "practice", clientSecret: "practice", loginUrl: address },
  version,
});
await grown.authorize({ grant_type: "client_credentials" });
seen.grantedInstance = grown.instanceUrl;

const connection = new jsforce.Connection({ instanceUrl: address, accessToken: grown.accessToken, version });
const identity = await connection.identity();
seen.organization = identity.organization_id;
seen.username = identity.username;

// What there is.
const described = await connection.sobject("Account").describe();
seen.accountFields = described.fields.length;
seen.siteLookup = described.fields.find((field) => field.name === "chargebeeapps__CB_Site__c").referenceTo;
seen.globalObjects = (await connection.describeGlobal()).sobjects.length;
seen.limitMax = (await connection.limits()).DailyApiRequests.Max;

// Query, with pages.
const paged = await connection
  .query("SELECT Id, Name, Owner.Name FROM Account ORDER BY Name", { autoFetch: true, maxFetch: 100000 })
  .on("error", (error) => { throw error; });
seen.totalSize = paged.totalSize;
const fetched = [];
let page = await connection.request({
  url: `/services/data/v${version}/query?q=${encodeURIComponent("SELECT Id FROM Account")}`,
  headers: { "Sforce-Query-Options": "batchSize=200" },
});
seen.firstPageDone = page.done;
fetched.push(...page.records);
while (!page.done) {
  page = await connection.queryMore(page.nextRecordsUrl);
  fetched.push(...page.records);
}
seen.fetched = fetched.length;
seen.distinct = new Set(fetched.map((record) => record.Id)).size;
seen.ownerName = paged.records[0].Owner.Name;
seen.contacts = (await connection.query(
  "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id IN (SELECT AccountId FROM Contact) LIMIT 1",
)).records[0].Contacts.totalSize;
try {
  await connection.query("SELECT Nonsense FROM Account");
} catch (error) {
  seen.unknownField = error.errorCode;
}

// Rows: one, many at once, one refused among them.
const ids = fetched.slice(0, 250).map((record) => record.Id);
const one = await connection.sobject("Account").update({ Id: ids[0], Description: "by jsforce" });
seen.oneUpdated = one.success;
const many = await connection.sobject("Account").update(
  ids.map((Id, index) => (index === 3 ? { Id, Rating: "Lukewarm" } : { Id, Description: `row ${index}` })),
  { allowRecursive: true },
);
seen.manyUpdated = many.filter((result) => result.success).length;
seen.refused = many[3].errors[0].statusCode;
seen.refusedPositions = many.map((result, index) => (result.success ? -1 : index)).filter((index) => index >= 0);
const retrieved = await connection.sobject("Account").retrieve([ids[1], ids[2]]);
seen.descriptions = retrieved.map((record) => record.Description);

// Upsert by external id: created, then updated.
const upserted = [];
for (const name of ["Upsert Works", "Upsert Works Again"]) {
  upserted.push(await connection.sobject("Account").upsert({ Name: name, Legacy_Id__c: "J-1" }, "Legacy_Id__c"));
}
seen.upserted = upserted.map((result) => result.created);
seen.upsertedTwice = upserted[0].id === upserted[1].id;

// Composite with a guard that fails, because the row has changed since.
const guarded = await connection.request({
  method: "POST",
  url: `/services/data/v${version}/composite`,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    allOrNone: false,
    compositeRequest: [
      { method: "PATCH", url: `/services/data/v${version}/sobjects/Account/${ids[0]}`, referenceId: "late",
        httpHeaders: { "If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT" }, body: { Description: "too late" } },
      { method: "POST", url: `/services/data/v${version}/sobjects/Account`, referenceId: "parent", body: { Name: "Parent of One" } },
      { method: "POST", url: `/services/data/v${version}/sobjects/Contact`, referenceId: "child",
        body: { LastName: "Child", AccountId: "@{parent.id}" } },
    ],
  }),
});
seen.composite = guarded.compositeResponse.map((answer) => answer.httpStatusCode);

// Bulk 2.0, both ways.
connection.bulk2.pollInterval = 100;
connection.bulk2.pollTimeout = 60000;
const loaded = await connection.bulk2.loadAndWaitForResults({
  object: "Account",
  operation: "update",
  input: ids.slice(0, 40).map((Id, index) => ({ Id, Description: index === 5 ? null : `bulk ${index}, "quoted" Zoë`, Site: index === 7 ? "x".repeat(200) : "HQ" })),
});
seen.bulkSuccessful = loaded.successfulResults.length;
seen.bulkFailed = loaded.failedResults.map((row) => row.sf__Error.split(":")[0]);
seen.bulkUnprocessed = loaded.unprocessedRecords.length;
const stream = await connection.bulk2.query("SELECT Id, Description, Site FROM Account WHERE Site = 'HQ'");
const rows = await stream.toArray();
seen.bulkQueried = rows.length;
seen.bulkText = rows.map((row) => row.Description).filter((text) => text.startsWith("bulk 1,"))[0];
seen.bulkCleared = rows.filter((row) => row.Description === "").length;

// Merge and undelete, over SOAP.
const pair = [];
for (const name of ["Merge Master", "Merge Victim"]) {
  pair.push((await connection.sobject("Account").create({ Name: name })).id);
}
const child = (await connection.sobject("Contact").create({ LastName: "Moved", AccountId: pair[1] })).id;
const merged = await connection.soap.merge([
  { masterRecord: { type: "Account", Id: pair[0] }, recordToMergeIds: [pair[1]] },
]);
seen.merged = merged[0].success;
seen.movedTo = (await connection.sobject("Contact").retrieve(child)).AccountId === pair[0];
const victim = await connection.request(
  `/services/data/v${version}/queryAll?q=${encodeURIComponent(`SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '${pair[1]}'`)}`,
);
seen.victimMaster = victim.records[0].IsDeleted && victim.records[0].MasterRecordId === pair[0];

// Deleted rows are gone, and say so.
const doomed = (await connection.sobject("Account").create({ Name: "Doomed" })).id;
seen.destroyed = (await connection.sobject("Account").destroy(doomed)).success;
try {
  await connection.sobject("Account").retrieve(doomed);
} catch (error) {
  seen.afterDestroy = error.errorCode;
}
await soap.logout();
console.log(JSON.stringify(seen));
