"""Everything that knows Streamlit: choose and show."""
