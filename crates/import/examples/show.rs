fn main() {
    for folder in std::env::args().skip(1) {
        let start = std::time::Instant::now();
        let imported = apimite_import::import_folder(folder.as_ref(), &|_| None).unwrap();
        let took = start.elapsed();
        let s = &imported.service;
        println!(
            "== {folder}: {} apis {} ops {} products {} subs {} nv {} fragments {} backends {} files {took:?}",
            s.apis.len(),
            s.apis.iter().map(|a| a.operations.len()).sum::<usize>(),
            s.products.len(),
            s.subscriptions.len(),
            s.named_values.len(),
            s.fragments.len(),
            s.backends.len(),
            imported.files.len()
        );
        for d in imported.diagnostics.0.iter().take(60) {
            print!("{}", d.render());
        }
        if std::env::var("SHOW").is_ok() {
            println!("{s:#?}");
        }
    }
}
