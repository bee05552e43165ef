// Binds queries to a table, as Log Analytics would: { table, schema, queries } on standard input, what is wrong with each and the columns of its result on standard output.
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;
const listOf = list => Array.from({ length: list.Count }, (_, i) => list.getItem(i));

const { table, schema, queries } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const database = new Symbols.DatabaseSymbol.ctor("logs", [new Symbols.TableSymbol.$ctor7(table, schema, null)]);
const globals = GlobalState.Default.WithDatabase(database);
process.stdout.write(JSON.stringify(queries.map(query => {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  return {
    faults: listOf(code.GetDiagnostics()).map(fault => `${fault.Severity} ${fault.Code}: ${fault.Message} At '${query.substr(fault.Start, 40)}'.`),
    columns: code.ResultType?.Columns ? listOf(code.ResultType.Columns).map(column => `${column.Name}:${column.Type.Name}`) : [],
  };
})));
